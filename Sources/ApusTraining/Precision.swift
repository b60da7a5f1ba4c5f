import ApusNN
