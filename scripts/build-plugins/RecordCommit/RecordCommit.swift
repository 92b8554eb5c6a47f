import Foundation
import PackagePlugin

/// Lets each build write down the commit it was made from, whenever a source file or git's own state has changed.
///
/// (`Context.gitInformation` in Package.swift would not do: manifests are cached, and so a commit of yesterday would stand.)
@main
struct RecordCommit: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    let root = context.package.directoryURL
    let script = root.appending(path: "scripts/record-commit")
    let output = context.pluginWorkDirectoryURL.appending(path: "RecordedCommit.swift")
    let git = gitDirectory(root)
    // What git writes at every commit, checkout and reset; without its log not every change could be seen.
    let state = git.map { folder in ["HEAD", "index", "logs/HEAD"].map { folder.appending(path: $0) } } ?? []
    let isWatched = !state.isEmpty && state.allSatisfy { FileManager.default.fileExists(atPath: $0.path) }
    return [
      .buildCommand(
        displayName: "Recording the commit", executable: URL(filePath: "/bin/sh"),
        arguments: [script.path, isWatched ? root.path : "", output.path],
        inputFiles: [script, root.appending(path: "Package.swift")] + (isWatched ? state : []) + sources(root),
        outputFiles: [output])
    ]
  }

  /// The directory where git keeps its state of this working tree; nil when there is none.
  private func gitDirectory(_ root: URL) -> URL? {
    let place = root.appending(path: ".git")
    var isDirectory: ObjCBool = false
    guard unsafe FileManager.default.fileExists(atPath: place.path, isDirectory: &isDirectory) else { return nil }
    if isDirectory.boolValue { return place }
    guard let text = try? String(contentsOf: place, encoding: .utf8), text.hasPrefix("gitdir: ") else { return nil }
    let path = text.dropFirst(8).trimmingCharacters(in: .whitespacesAndNewlines)
    return path.hasPrefix("/") ? URL(filePath: path) : root.appending(path: path)
  }

  private func sources(_ root: URL) -> [URL] {
    var files: [URL] = []
    for folder in ["Sources", "plugins", "scripts/build-plugins"] {
      let every = FileManager.default.enumerator(
        at: root.appending(path: folder), includingPropertiesForKeys: [.isRegularFileKey])
      while let file = every?.nextObject() as? URL {
        if (try? file.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true { files.append(file) }
      }
    }
    return files.sorted { $0.path < $1.path }
  }
}
