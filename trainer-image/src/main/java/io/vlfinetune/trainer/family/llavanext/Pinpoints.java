package io.vlfinetune.trainer.family.llavanext;

import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.config.ConfigSection;
import java.util.ArrayList;
import java.util.List;

/**
 * The canvases an image may be put on, each of whole tiles.
 *
 * @param canvases at least one
 * @param tile pixels on each side of a tile
 */
record Pinpoints(List<Resolution> canvases, int tile) {
    static final String KEY = "image_grid_pinpoints";

    /** configuration_llava_next.py and the image processor. */
    private static final List<Resolution> DEFAULT = List.of(
            new Resolution(336, 672),
            new Resolution(672, 336),
            new Resolution(672, 672),
            new Resolution(1008, 336),
            new Resolution(336, 1008));

    Pinpoints {
        canvases = List.copyOf(canvases);
    }

    /**
     * Reads {@code image_grid_pinpoints}, pairs of height and width.
     *
     * @throws io.vlfinetune.trainer.TrainerException ModelUnsupported if they are none, or no whole tiles
     */
    static Pinpoints of(ConfigSection config, int tile) {
        List<Resolution> canvases = new ArrayList<>();
        JsonNode pairs = config.value(KEY).orElse(null);
        if (pairs == null) {
            canvases.addAll(DEFAULT);
        } else {
            for (JsonNode pair : pairs) {
                if (pair.size() != 2 || !pair.path(0).isInt() || !pair.path(1).isInt()) {
                    throw config.refused(KEY, "pairs of height and width");
                }
                canvases.add(new Resolution(pair.get(0).asInt(), pair.get(1).asInt()));
            }
        }
        boolean whole = canvases.stream()
                .allMatch(canvas -> canvas.height() > 0
                        && canvas.width() > 0
                        && canvas.height() % tile == 0
                        && canvas.width() % tile == 0);
        if (canvases.isEmpty() || !whole) {
            throw config.refused(KEY, "multiples of the vision tower's " + tile + " pixels");
        }
        return new Pinpoints(canvases, tile);
    }

    /**
     * The canvas that keeps most pixels of an image; among equal ones the one that wastes least, among those the first
     * (transformers: {@code select_best_resolution}).
     */
    Resolution best(Resolution image) {
        Resolution best = canvases.getFirst();
        long most = 0;
        long least = Long.MAX_VALUE;
        for (Resolution canvas : canvases) {
            double scale = Math.min((double) canvas.width() / image.width(), (double) canvas.height() / image.height());
            long width = (long) (image.width() * scale);
            long height = (long) (image.height() * scale);
            long kept = Math.min(width * height, (long) image.width() * image.height());
            long wasted = (long) canvas.width() * canvas.height() - kept;
            if (kept > most || (kept == most && wasted < least)) {
                best = canvas;
                most = kept;
                least = wasted;
            }
        }
        return best;
    }
}
