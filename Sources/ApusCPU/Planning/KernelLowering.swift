import ApusCore
import CApusKernels

/// An operation or composite with a kernel of its own on the CPU.
///
/// Each conformance stands in `Kernels/<Family>/<Op>+CPU.swift`, the stem of the operation's file.
protocol KernelLowering: Operation {
  /// The dtypes the kernel handles; operands of 16-bit floats are converted around others.
  var kernelDTypes: Set<DType> { get }

  /// The types the kernel takes and gives where the program says `types`: what is wider is converted
  /// around the kernel.
  func kernelTypes(_ types: KernelTypes, _ configuration: CPUConfiguration) -> KernelTypes

  /// Whether the kernel can take these operands. A composite that is not claimed is decomposed.
  func claims(_ operands: [TensorType]) -> Bool

  /// Whether the kernel knows an operand that is this number everywhere without reading it.
  func embeds(_ number: Literal, asOperand index: Int) -> Bool

  /// Emits the kernels that compute the results of `call`.
  func lower(_ call: KernelCall, into builder: PlanBuilder) throws(TensorError)
}

extension KernelLowering {
  var kernelDTypes: Set<DType> { [.float32, .float64] }
  func kernelTypes(_ types: KernelTypes, _ configuration: CPUConfiguration) -> KernelTypes {
    types.widened { !kernelDTypes.contains($0.dtype) }
  }
  func claims(_ operands: [TensorType]) -> Bool { true }
  func embeds(_ number: Literal, asOperand index: Int) -> Bool { false }
}

/// The types of a kernel's operands and results.
struct KernelTypes {
  var operands: [TensorType]
  var results: [TensorType]

  /// With 32-bit floats in place of those 16-bit ones that are chosen.
  func widened(where isChosen: (TensorType) -> Bool = { _ in true }) -> KernelTypes {
    func wide(_ type: TensorType) -> TensorType {
      type.dtype.isHalf && isChosen(type) ? type.with(dtype: .float32) : type
    }
    return KernelTypes(operands: operands.map(wide), results: results.map(wide))
  }
}

/// An operation to lower: its operands and results as values of the plan.
struct KernelCall {
  let operands: [Value]
  let results: [Value]

  /// A value of the plan by number, with its type.
  struct Value {
    let id: Int
    let type: TensorType
  }
}

/// Memory a kernel reads or writes: resolved to a pointer when the plan is laid out.
struct BufferRef: Hashable, Sendable {
  /// Number of the buffer in the plan's table.
  let buffer: Int
  /// Bytes from the buffer's start.
  var byteOffset = 0
}

/// A window on a buffer: where element `[i, j, …]` lies, in elements.
struct StridedView: Hashable, Sendable {
  var buffer: Int
  var offset: Int
  var dims: [Int]
  var strides: [Int]

  /// Whether elements lie one after the other in row-major order.
  var isContiguous: Bool {
    var expected = 1
    for axis in dims.indices.reversed() where dims[axis] != 1 {
      if strides[axis] != expected { return dims.contains(0) }
      expected *= dims[axis]
    }
    return true
  }
}
