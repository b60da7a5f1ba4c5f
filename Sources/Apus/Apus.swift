/// Deep learning in Swift: import this module to get everything.
///
/// Importing it brings the tensor graph, layers, training, data and formats, and makes the CPU
/// executor the default.
@_exported import ApusCPU
@_exported import ApusCore
@_exported import ApusData
@_exported import ApusInterop
@_exported import ApusModels
@_exported import ApusNN
@_exported import ApusTraining
@_exported import ApusXLA
