import ApusCore

extension Softmax: WideLowering {}
extension SoftmaxGradient: WideLowering {}
extension LogSoftmax: WideLowering {}
extension LogSoftmaxGradient: WideLowering {}
