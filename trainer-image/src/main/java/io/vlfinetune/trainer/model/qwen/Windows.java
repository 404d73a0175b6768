package io.vlfinetune.trainer.model.qwen;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Squares that an image's features are cut into, smaller ones at its right and lower edge (transformers:
 * vision_utils.py, {@code get_vision_window_index}).
 *
 * @param side features on each side of a square
 */
public record Windows(int side) {
    /** One window for every image: wider than any. */
    public static final Windows NONE = new Windows(1 << 20);

    /**
     * A window.
     *
     * @param top first row
     * @param left first column
     * @param height rows
     * @param width columns
     */
    record Window(int top, int left, int height, int width) {
        int size() {
            return height * width;
        }
    }

    /**
     * An image's windows. Those of one size stand together, the largest first, so that one call attends to all of them;
     * transformers keeps them row by row, which gives the same features.
     */
    List<Window> of(int rows, int columns) {
        List<Window> windows = new ArrayList<>();
        for (int top = 0; top < rows; top += side) {
            for (int left = 0; left < columns; left += side) {
                windows.add(new Window(top, left, Math.min(side, rows - top), Math.min(side, columns - left)));
            }
        }
        windows.sort(Comparator.comparingInt(Window::size).reversed());
        return windows;
    }
}
