import ApusCore

extension LayerNorm: WideLowering {}
extension LayerNormGradient: WideLowering {}
extension BatchNorm: WideLowering {}
extension BatchNormGradient: WideLowering {}
extension GroupNorm: WideLowering {}
extension GroupNormGradient: WideLowering {}
