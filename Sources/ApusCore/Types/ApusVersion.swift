/// The version of this package.
package enum ApusVersion {
  package static let current = "0.1.0"
}
