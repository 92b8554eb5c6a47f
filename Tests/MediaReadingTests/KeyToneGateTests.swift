import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// The quick look before the tones of keys are looked for never turns away what could be one.
@Suite struct KeyToneGateTests {
  /// Powers at the rows' frequencies by the definition of the transform.
  private func powers(_ samples: [Int16], _ rate: Int) -> [Double] {
    KeyTones.rows.map { frequency in
      var (real, imaginary) = (0.0, 0.0)
      for (place, sample) in samples.enumerated() {
        let angle = 2 * Double.pi * Double(frequency) * Double(place) / Double(rate)
        real += Double(sample) * cos(angle)
        imaginary += Double(sample) * sin(angle)
      }
      return real * real + imaginary * imaginary
    }
  }

  @Test(arguments: [8_000, 11_025, 16_000, 32_000, 48_000]) func isOpenToAllThatMayBeAKey(_ rate: Int) {
    let tones = KeyTones(sampleRate: Int64(rate))
    let count = KeyTones.blockSamples(at: Int64(rate))
    var generator = SeededGenerator(11)
    var (open, closed, keys) = (0, 0, 0)
    for number in 0..<4_000 {
      // A tone near a row's frequency and one near a column's, with noise about as strong as a key may have.
      let row = Double(KeyTones.rows[number % 4]) * Double.random(in: 0.97...1.03, using: &generator)
      let column = Double(KeyTones.columns[number / 4 % 4]) * Double.random(in: 0.97...1.03, using: &generator)
      let amplitude = pow(10, Double.random(in: 2...4.5, using: &generator))
      let low = amplitude * Double.random(in: 0...1, using: &generator)
      let high = amplitude * Double.random(in: 0...1, using: &generator)
      let noise = amplitude * Double.random(in: 0...1.5, using: &generator)
      let phase = Double.random(in: 0...6, using: &generator)
      let samples = (0..<count).map { place in
        let time = Double(place) / Double(rate)
        let value =
          low * sin(2 * .pi * row * time + phase) + high * sin(2 * .pi * column * time)
          + Double.random(in: -1...1, using: &generator) * noise
        return Int16(max(-32_768, min(32_767, value)))
      }
      let energy = samples.reduce(Int64(0)) { $0 + Int64($1) * Int64($1) }
      let isOpen = unsafe samples.withUnsafeBufferPointer { samples in
        #expect(unsafe KeyToneGate.energy(samples) == energy)
        return unsafe tones.gate.isOpen(samples, energy: energy)
      }
      let share = (powers(samples, rate).max() ?? 0) / (Double(count) * Double(energy))
      // What a key's low tone has at least, and a margin.
      if !isOpen { #expect(share < 0.05) }
      if share < 0.02 { #expect(!isOpen) }
      if tones.strength(samples[...]) != nil { keys += 1 }
      if isOpen { open += 1 } else { closed += 1 }
    }
    #expect(open > 500 && closed > 100 && keys > 100)
  }

  @Test func isOpenToTheLoudestTones() {
    for rate in [8_000, 48_000] {
      let tones = KeyTones(sampleRate: Int64(rate))
      let count = KeyTones.blockSamples(at: Int64(rate))
      for row in KeyTones.rows {
        // A square wave of full scale: the largest sums there are.
        let samples = (0..<count).map { place -> Int16 in
          sin(2 * .pi * Double(row) * Double(place) / Double(rate)) >= 0 ? 32_767 : -32_768
        }
        unsafe samples.withUnsafeBufferPointer {
          let energy = unsafe KeyToneGate.energy($0)
          #expect(unsafe tones.gate.isOpen($0, energy: energy))
        }
      }
    }
  }
}
