// swift-tools-version: 6.1
import PackageDescription

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6)]

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ module: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: module + "Tests",
    dependencies: [.byName(name: module), "ApusTestSupport"] + dependencies,
    swiftSettings: strict)
}

let package = Package(
  name: "apus",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Apus", targets: ["Apus"]),
    .executable(name: "apus", targets: ["ApusCommandLine"]),
    .executable(name: "apus-bench", targets: ["ApusBench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/swiftcsv/SwiftCSV", from: "0.10.0"),
  ],
  targets: [
    .target(name: "CApusKernels"),
    .target(
      name: "CApusDynamic",
      cSettings: [.define("APUS_PACKAGE_DIRECTORY", to: "\"\(Context.packageDirectory)\"")]),
    .target(name: "CApusStart"),
    .target(name: "CApusResources", exclude: ["data"]),
    module("ApusCore", []),
    module("ApusCPU", ["ApusCore", "CApusKernels", "CApusDynamic", "CApusStart"]),
    module("ApusXLA", ["ApusCore", "CApusDynamic"]),
    module("ApusNN", ["ApusCore"]),
    module(
      "ApusData", ["ApusCore", "CApusResources", .product(name: "SwiftCSV", package: "SwiftCSV")]),
    module("ApusInterop", ["ApusCore", "ApusNN"]),
    module("ApusTraining", ["ApusNN", "ApusData", "ApusInterop"]),
    module("ApusModels", ["ApusNN"]),
    module(
      "Apus",
      [
        "ApusCore", "ApusCPU", "ApusXLA", "ApusNN", "ApusData", "ApusInterop", "ApusTraining",
        "ApusModels",
      ]),
    .executableTarget(
      name: "ApusCommandLine",
      dependencies: [
        "Apus", "CApusDynamic", "CApusKernels",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "ApusBench",
      dependencies: [
        "Apus", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .target(
      name: "ApusTestSupport", dependencies: ["ApusCore", "ApusCPU"], path: "Tests/ApusTestSupport",
      swiftSettings: strict),
    tests("ApusCore", ["ApusCPU"]),
    tests("ApusCPU"),
    tests("ApusXLA", ["ApusCPU", "ApusNN", "ApusModels", "ApusTraining"]),
    tests("Apus"),
    tests("ApusNN", ["ApusCPU", "ApusModels"]),
    tests("ApusInterop", ["ApusCPU", "ApusModels"]),
    tests("ApusTraining", ["ApusCPU", "ApusModels"]),
    .testTarget(
      name: "ApusCommandLineTests", dependencies: ["ApusCommandLine", "Apus"],
      swiftSettings: strict),
    .testTarget(
      name: "ApusBenchTests", dependencies: ["ApusBench", "Apus"], swiftSettings: strict),
    .testTarget(
      name: "ApusDataTests", dependencies: ["ApusData"], exclude: ["Goldens"],
      swiftSettings: strict),
  ]
)
