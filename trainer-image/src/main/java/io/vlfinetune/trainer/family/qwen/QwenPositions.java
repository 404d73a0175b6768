package io.vlfinetune.trainer.family.qwen;

import io.vlfinetune.trainer.data.Pixels;
import io.vlfinetune.trainer.processor.PositionRule;
import io.vlfinetune.trainer.processor.RefusedException;
import java.util.List;

/**
 * Positions on three axes, time, row and column (transformers: modeling_qwen2_vl.py, {@code get_rope_index}): text counts
 * up on all of them; an image stands at one time and counts its features' rows and columns from there; the text after it
 * goes on behind its longer side.
 *
 * @param imageToken stands for a feature of an image
 * @param videoToken would stand for one of a video
 * @param merge patches on each side of a feature
 */
record QwenPositions(int imageToken, int videoToken, int merge) implements PositionRule {
    @Override
    public int[][] of(int[] ids, List<Pixels> images) {
        for (int id : ids) {
            if (id == videoToken) {
                throw new RefusedException(
                        "the text contains the model's own video token; videos are not supported," + " remove it");
            }
        }
        if (images.isEmpty()) {
            return new int[0][];
        }
        int[][] positions = new int[3][ids.length];
        int next = 0;
        int image = 0;
        for (int at = 0; at < ids.length; ) {
            if (ids[at] != imageToken) {
                place(positions, at++, next, next, next);
                next++;
                continue;
            }
            Pixels pixels = images.get(image++);
            int rows = pixels.height() / merge;
            int columns = pixels.width() / merge;
            for (int feature = 0; feature < rows * columns; feature++) {
                place(positions, at++, next, next + feature / columns, next + feature % columns);
            }
            next += Math.max(rows, columns);
        }
        return positions;
    }

    private static void place(int[][] positions, int at, int time, int row, int column) {
        positions[0][at] = time;
        positions[1][at] = row;
        positions[2][at] = column;
    }
}
