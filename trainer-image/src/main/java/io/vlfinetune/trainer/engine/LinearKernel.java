package io.vlfinetune.trainer.engine;

/**
 * Which library multiplies Float32 matrices of linear layers. Both are right, but their last bits differ, so the
 * choice belongs to what a resumed run must repeat.
 */
public enum LinearKernel {
    /** {@code aten::linear}, which goes to MKL's sgemm. */
    MKL,
    /** A convolution with kernel 1, which goes to oneDNN: about twice as fast on AMD processors. */
    ONEDNN
}
