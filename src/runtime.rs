//! What std would bring for the published module: an allocator, and what happens on a panic. Most of what is gained is the allocator's
//! size (docs/packaging.md); tests are built with std.

#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// A trap, as with std, which has nowhere to print to on wasm32-unknown-unknown either.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
