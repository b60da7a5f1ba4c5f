int apus_unused;
