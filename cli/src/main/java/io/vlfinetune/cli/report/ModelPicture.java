package io.vlfinetune.cli.report;

import io.vlfinetune.api.Part;
import io.vlfinetune.api.PartStatus;
import io.vlfinetune.cli.report.ModelLayer.State;
import io.vlfinetune.trainer.freeze.PlanDocument;
import java.util.List;
import java.util.Locale;

/**
 * The plan as a picture: the layers of the model in the order in which data flows, each as wide as it has parameters.
 * What is frozen is hatched and carries a lock and the word; what is trained is solid and carries its learning rate.
 */
final class ModelPicture {
    private final PlanDocument plan;
    private final List<ModelLayer> layers;
    private final long largest;

    ModelPicture(PlanDocument plan) {
        this.plan = plan;
        this.layers = ModelLayer.of(plan);
        this.largest = layers.stream().mapToLong(ModelLayer::parameters).max().orElse(1);
    }

    /** Hatching and signs, once for the page that uses them. */
    static void definitions(Html html) {
        html.open("svg", "xmlns", "http://www.w3.org/2000/svg", "class", "definitions", "aria-hidden", "true")
                .open("defs");
        html.open("pattern", "id", "hatch", "width", "6", "height", "6", "patternUnits", "userSpaceOnUse")
                .open("path", "class", "hatch", "d", "M-1,1l2,-2M0,6l6,-6M5,7l2,-2")
                .close()
                .close();
        html.open("symbol", "id", "lock", "viewBox", "0 0 12 12")
                .open("path", "d", "M2,5.5h8v5.5h-8zM3.5,5.5v-2a2.5,2.5 0 0,1 5,0v2", "class", "lock")
                .close()
                .close();
        html.open("symbol", "id", "pencil", "viewBox", "0 0 12 12")
                .open("path", "d", "M1.5,10.5l0.8,-3l5.8,-5.8l2.2,2.2l-5.8,5.8z", "class", "pencil")
                .close()
                .close();
        html.close().closeLine();
    }

    /** The whole model with a line for each layer. */
    void draw(Html html) {
        html.open("div", "class", "model");
        html.open("div", "class", "path");
        end(html, "picture");
        part(html, Part.VisionTower);
        end(html, "image features");
        part(html, Part.Projector);
        end(html, "features in the width of the language model, in place of the image token");
        html.closeLine();
        html.open("div", "class", "path");
        end(html, "text, image tokens filled in by the projector");
        part(html, Part.LanguageModel);
        end(html, "logits of the next token");
        html.close();
        html.closeLine();
        legend(html);
    }

    /** The layers as bars without words, for a look from afar. */
    void drawSmall(Html html) {
        html.open("div", "class", "small", "role", "img", "aria-label", summary());
        for (ModelLayer layer : layers) {
            bar(html, layer);
        }
        html.closeLine();
    }

    /** The plan in a sentence. */
    String summary() {
        long frozen =
                layers.stream().filter(layer -> layer.state() == State.FROZEN).count();
        return String.format(
                Locale.ROOT,
                "Trains %s of %s parameters (%s %%); %d of %d layers are frozen.",
                Figures.grouped(plan.trainableParameters()),
                Figures.grouped(plan.totalParameters()),
                plan.trainablePercent(),
                frozen,
                layers.size());
    }

    private static void end(Html html, String words) {
        html.leaf("p", words, "class", "flow");
    }

    private void part(Html html, Part part) {
        List<ModelLayer> own =
                layers.stream().filter(layer -> layer.part() == part).toList();
        html.open("section", "class", "part").open("h3").text(Figures.title(Figures.words(part)));
        plan.parts().stream().filter(one -> one.part() == part).forEach(one -> total(html, one));
        html.close().open("ol");
        own.forEach(layer -> layer(html, layer));
        html.close().closeLine();
    }

    private static void total(Html html, PartStatus part) {
        String trained = part.trainable() == 0
                ? "frozen"
                : part.trainable().equals(part.total())
                        ? "trained"
                        : Figures.count(part.trainable()) + " of them trained";
        html.leaf("small", Figures.grouped(part.total()) + " parameters, " + trained);
    }

    private void layer(Html html, ModelLayer layer) {
        String state = layer.state().name().toLowerCase(Locale.ROOT);
        html.open("li", "class", "layer " + state).leaf("span", layer.label(), "class", "name");
        bar(html, layer);
        html.leaf(
                "span",
                Figures.count(layer.parameters()),
                "class",
                "count",
                "title",
                Figures.grouped(layer.parameters()) + " parameters in " + layer.tensors() + " tensors");
        html.open("span", "class", "state");
        sign(html, layer.state() == State.FROZEN ? "lock" : "pencil");
        html.text(state(layer)).close().closeLine();
    }

    private static void sign(Html html, String name) {
        html.open("svg", "class", "sign", "aria-hidden", "true")
                .open("use", "href", "#" + name)
                .close()
                .close();
    }

    private static String state(ModelLayer layer) {
        String rates = String.join(", ", layer.learningRates());
        return switch (layer.state()) {
            case FROZEN -> "frozen";
            case TRAINED -> "trained, " + rates;
            case PARTLY -> layer.trainableTensors() + " of " + layer.tensors() + " tensors, " + rates;
        };
    }

    /** As wide as the layer has parameters beside the largest one; the trained share is solid. */
    private void bar(Html html, ModelLayer layer) {
        double whole = 100.0 * (double) layer.parameters() / (double) largest;
        double solid = 100.0 * (double) layer.trainable() / (double) largest;
        html.open("svg", "class", "bar", "aria-hidden", "true");
        if (layer.trainable() < layer.parameters()) {
            rectangle(html, "frozen", whole);
        }
        if (layer.trainable() > 0) {
            rectangle(html, "trained", solid);
        }
        html.close();
    }

    private static void rectangle(Html html, String style, double percent) {
        html.open(
                        "rect",
                        "class",
                        style,
                        "height",
                        "100%",
                        "width",
                        String.format(Locale.ROOT, "%.2f%%", Math.max(0.8, percent)))
                .close();
    }

    private static void legend(Html html) {
        html.open("p", "class", "legend");
        sign(html, "lock");
        html.text(" hatched: frozen, stays as in the base model. ");
        sign(html, "pencil");
        html.text(" solid: trained, with its peak learning rate. The width of a bar is the number of parameters.");
        html.closeLine();
    }
}
