package io.vlfinetune.trainer.family.llava;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import io.vlfinetune.trainer.config.ConfigSection;
import io.vlfinetune.trainer.engine.Ops;
import io.vlfinetune.trainer.model.CarryingLayer;
import io.vlfinetune.trainer.model.Flow;
import io.vlfinetune.trainer.model.Layer;
import io.vlfinetune.trainer.model.encoder.EncoderBlock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Which features of a CLIP tower the projector reads. Features are numbered from the embeddings (0) to the last block's
 * output.
 *
 * @param layers their numbers, at least one; those of several lie behind each other along the last axis, in this order
 * @param keepsClassToken whether the class token is a feature too ({@code full}) or left out ({@code default})
 */
public record VisionFeatures(List<Integer> layers, boolean keepsClassToken) {
    private static final String LAYER = "vision_feature_layer";
    private static final String STRATEGY = "vision_feature_select_strategy";

    /** Copies the list. */
    public VisionFeatures {
        layers = List.copyOf(layers);
    }

    /**
     * Reads config.json.
     *
     * @param blocks of the tower
     */
    static VisionFeatures of(ConfigSection root, int blocks) {
        boolean keepsClassToken = switch (root.text(STRATEGY, "default")) {
            case "default" -> false;
            case "full" -> true;
            default -> throw root.refused(STRATEGY, "\"default\", \"full\"");
        };
        JsonNode value = root.value(LAYER).orElse(null);
        if (value == null || !value.isArray()) {
            return new VisionFeatures(List.of(number(root, root.integer(LAYER, -2), blocks)), keepsClassToken);
        }
        List<Integer> layers = new ArrayList<>();
        for (JsonNode one : value) {
            if (!one.isIntegralNumber()) {
                throw root.refused(LAYER, "whole numbers");
            }
            layers.add(number(root, one.asInt(), blocks));
        }
        if (layers.isEmpty()) {
            throw root.refused(LAYER, "a whole number, or a list of at least one");
        }
        return new VisionFeatures(layers, keepsClassToken);
    }

    /** Numbers below 0 count from the end. */
    private static int number(ConfigSection root, int layer, int blocks) {
        int number = layer < 0 ? blocks + 1 + layer : layer;
        if (number < 0 || number > blocks) {
            throw root.refused(LAYER, "-" + (blocks + 1) + " to " + blocks + " for " + blocks + " blocks");
        }
        return number;
    }

    /** How many blocks of the tower run. */
    int blocks() {
        return Collections.max(layers);
    }

    /** The block of that number, which keeps its input for the projector if that is one of the features. */
    Layer block(EncoderBlock block) {
        return layers.contains(block.number()) ? new CarryingLayer(block) : block;
    }

    /** The features [images, places, hidden of all layers], from what the last block hands on. */
    NDArray taken(Flow flow, Ops ops) {
        NDArray features = layer(layers.getFirst(), flow);
        for (int layer : layers.subList(1, layers.size())) {
            features = ops.concatenate(features, layer(layer, flow), 2);
        }
        return keepsClassToken
                ? features
                : ops.narrow(features, 1, 1, features.getShape().get(1) - 1);
    }

    /** Lower layers are carried, the lowest first. */
    private NDArray layer(int number, Flow flow) {
        if (number == blocks()) {
            return flow.hidden();
        }
        int before =
                (int) layers.stream().distinct().filter(other -> other < number).count();
        return flow.carried().get(before);
    }
}
