import ApusCore

extension AdamUpdate: WideLowering {}
extension SGDMomentumUpdate: WideLowering {}
