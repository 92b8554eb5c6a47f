import CLibAV

/// A Fourier transform of complex 32-bit integers by libavutil, without the processor's special instructions.
@safe final class IntegerTransform {
  /// Complex numbers that go in and come out.
  let size: Int
  /// Real and imaginary parts in turn, below 2^31 / `size` in all.
  let input: UnsafeMutablePointer<Int32>
  let output: UnsafeMutablePointer<Int32>
  private let context: OpaquePointer
  private let function: av_tx_fn

  /// Nil when libavutil lacks memory or refuses the size, a power of 2.
  init?(size: Int) {
    av_force_cpu_flags(0)
    self.size = size
    var context: OpaquePointer?
    var function: av_tx_fn?
    var scale: Float = 1
    guard unsafe av_tx_init(&context, &function, AV_TX_INT32_FFT, 0, Int32(size), &scale, 0) == 0,
      let made = unsafe context, let transform = unsafe function
    else { return nil }
    unsafe self.context = made
    unsafe self.function = transform
    let bytes = size * 8
    unsafe input = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64).bindMemory(
      to: Int32.self, capacity: size * 2)
    unsafe output = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64).bindMemory(
      to: Int32.self, capacity: size * 2)
    unsafe input.initialize(repeating: 0, count: size * 2)
    unsafe output.initialize(repeating: 0, count: size * 2)
  }

  deinit {
    var context: OpaquePointer? = unsafe context
    unsafe av_tx_uninit(&context)
    unsafe input.deallocate()
    unsafe output.deallocate()
  }

  /// Transforms `input` into `output`.
  func transform() {
    // Safe: both hold `size` complex numbers of 8 bytes, aligned as libavutil asks for.
    unsafe function(context, output, input, 8)
  }
}
