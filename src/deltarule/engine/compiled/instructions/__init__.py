"""The processor, and arithmetic for it as LLVM instructions."""
