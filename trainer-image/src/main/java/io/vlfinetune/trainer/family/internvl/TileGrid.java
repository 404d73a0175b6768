package io.vlfinetune.trainer.family.internvl;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * How many tiles an image is cut into.
 *
 * @param columns tiles beside each other
 * @param rows tiles above each other
 */
record TileGrid(int columns, int rows) {
    /**
     * The grid whose aspect is nearest to the image's; among equal ones the larger one, unless it has more than twice
     * the image's pixels (transformers: {@code get_optimal_tiled_canvas} of GOT-OCR2).
     *
     * @param height rows of the image
     * @param width columns of the image
     * @param tile pixels on each side of a tile
     * @param least tiles
     * @param most tiles
     */
    static TileGrid of(int height, int width, int tile, int least, int most) {
        double aspect = (double) width / height;
        double area = (double) width * height;
        double nearest = Double.POSITIVE_INFINITY;
        TileGrid best = new TileGrid(1, 1);
        for (TileGrid grid : grids(least, most)) {
            double distance = Math.abs(aspect - (double) grid.columns / grid.rows);
            boolean fills = area > 0.5 * tile * tile * grid.columns * grid.rows;
            if (distance < nearest || (distance == nearest && fills)) {
                nearest = distance;
                best = grid;
            }
        }
        return best;
    }

    private static List<TileGrid> grids(int least, int most) {
        List<TileGrid> grids = new ArrayList<>();
        for (int columns = 1; columns <= most; columns++) {
            for (int rows = 1; rows <= most / columns; rows++) {
                if (columns * rows >= least) {
                    grids.add(new TileGrid(columns, rows));
                }
            }
        }
        grids.sort(Comparator.comparingInt(TileGrid::count));
        return grids;
    }

    /** How many tiles. */
    int count() {
        return columns * rows;
    }
}
