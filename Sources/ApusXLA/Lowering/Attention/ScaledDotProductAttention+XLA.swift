import ApusCore

extension ScaledDotProductAttention: WideLowering {}
extension ScaledDotProductAttentionGradient: WideLowering {}
