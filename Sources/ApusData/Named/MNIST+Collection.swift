extension MNIST {
  /// Data sets that come in the four MNIST files.
  public enum Collection: String, Sendable, Hashable, CaseIterable {
    case mnist
    case fashion

    /// The name of every class code.
    public var classNames: [String] {
      switch self {
      case .mnist: (0...9).map(String.init)
      case .fashion:
        [
          "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
          "Bag", "Ankle boot",
        ]
      }
    }

    var origin: String {
      switch self {
      case .mnist: "Y. LeCun, C. Cortes, C. Burges, the MNIST database"
      case .fashion: "H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, MIT"
      }
    }

    /// Folders on the network that hold the files, tried in this order.
    var mirrors: [String] {
      switch self {
      case .mnist:
        ["https://ossci-datasets.s3.amazonaws.com/mnist", "http://yann.lecun.com/exdb/mnist"]
      case .fashion:
        ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"]
      }
    }

    /// The published MD5 digest of every file.
    var files: [(name: String, digest: String)] {
      switch self {
      case .mnist:
        [
          ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
          ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
          ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
          ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
        ]
      case .fashion:
        [
          ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
          ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
          ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
          ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
        ]
      }
    }
  }
}
