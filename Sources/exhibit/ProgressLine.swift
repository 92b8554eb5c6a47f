import Processing

/// Shows how far a run is: one line that changes on a terminal, a line a stage elsewhere.
final class ProgressLine {
  private let isQuiet: Bool
  private let isTerminal = Console.isErrorTerminal
  private var lastStage = ""
  private var lastPercent = -1
  private var isLineOpen = false

  init(isQuiet: Bool) { self.isQuiet = isQuiet }

  func show(_ progress: ProcessingProgress) {
    guard !isQuiet else { return }
    if isTerminal {
      let percent = progress.total > 0 ? Int(min(100, progress.done * 100 / progress.total)) : 0
      guard progress.stage != lastStage || percent != lastPercent else { return }
      if progress.stage != lastStage { end() }
      lastPercent = percent
      write("\r\(progress.stage) \(bar(percent)) \(percent) %")
      isLineOpen = true
    } else if progress.stage != lastStage {
      write(progress.stage + "\n")
    }
    lastStage = progress.stage
  }

  func end() {
    if isLineOpen { write("\n") }
    isLineOpen = false
  }

  private func bar(_ percent: Int) -> String {
    let filled = percent * 30 / 100
    return "[" + String(repeating: "#", count: filled) + String(repeating: " ", count: 30 - filled) + "]"
  }

  private func write(_ text: String) { Console.writeError(text) }
}
