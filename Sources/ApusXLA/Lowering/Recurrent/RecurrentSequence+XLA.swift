import ApusCore

extension RecurrentSequence: WideLowering {}
extension RecurrentSequenceGradient: WideLowering {}
