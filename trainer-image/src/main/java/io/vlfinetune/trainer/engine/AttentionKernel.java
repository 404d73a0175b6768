package io.vlfinetune.trainer.engine;

/**
 * How attention is computed. Every way of running a layer takes the same one, since their last bits differ.
 *
 * <p>In BFloat16 the backward pass of PyTorch 2.7.1's flash kernel takes on CPU several times as long as plain products; in
 * Float32 the flash kernel is as fast or faster.
 */
public enum AttentionKernel {
    /** PyTorch's fused kernel, which keeps no probabilities. */
    FLASH,
    /** Scores, softmax and weighted sum as products of matrices; the backward pass needs all probabilities. */
    PRODUCTS;

    /**
     * How many times as long as a head is wide a row may be for products, so that probabilities take no more memory than
     * so many arrays of the queries' size.
     */
    private static final long LONGEST = 10;

    /**
     * Whether a backward pass runs attention again rather than remember what it reads. In BFloat16 it does: products are
     * quick, and probabilities, turned and repeated arrays are then in memory for one block only. In Float32 attention
     * would take a third longer.
     */
    public static boolean isCheap(DType precision) {
        return precision == DType.BF16;
    }

    /**
     * The kernel for attention of so many places.
     *
     * @param size width of a head
     */
    public static AttentionKernel of(DType precision, long length, long size) {
        return precision == DType.BF16 && length <= LONGEST * size ? PRODUCTS : FLASH;
    }
}
