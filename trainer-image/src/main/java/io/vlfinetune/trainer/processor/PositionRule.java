package io.vlfinetune.trainer.processor;

import io.vlfinetune.trainer.data.Pixels;
import java.util.List;

/** The rotary positions of a sample's tokens. */
public interface PositionRule {
    /** Positions that count up from 0, of which nothing needs to be said. */
    PositionRule COUNTING = (ids, images) -> new int[0][];

    /**
     * Positions of each token.
     *
     * @param ids token ids
     * @param images the sample's images, in the order of their tokens
     * @return {@code [axes][sequence]}; without axes they count up from 0
     * @throws RefusedException if the family has no positions for such tokens
     */
    int[][] of(int[] ids, List<Pixels> images);
}
