package io.vlfinetune.trainer;

import io.vlfinetune.api.FreezeRule;
import io.vlfinetune.api.FreezeSpec;
import io.vlfinetune.api.LayerDecaySpec;
import io.vlfinetune.api.OnPlateauSpec;
import io.vlfinetune.api.PartLearningRates;
import io.vlfinetune.api.Patterns;
import io.vlfinetune.api.PhaseEnd;
import io.vlfinetune.api.PhaseSpec;
import io.vlfinetune.api.ProgressiveSpec;
import io.vlfinetune.api.TrainingSpec;
import io.vlfinetune.contract.Reason;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The numbers that a declaration writes as text: each is read as one only when it is needed, which may be hours later. */
final class Numbers {
    private enum Kind {
        DECIMAL(Patterns.DECIMAL, "is no decimal number such as \"1e-5\""),
        FACTOR(Patterns.FACTOR, "is no factor above 0 and up to 1 such as \"0.5\""),
        SHARE(Patterns.SHARE, "is no share from 0 to 1 such as \"0.03\"");

        private final String pattern;
        private final String complaint;

        Kind(String pattern, String complaint) {
            this.pattern = pattern;
            this.complaint = complaint;
        }

        void require(String field, @Nullable String text) {
            if (text != null && !text.matches(pattern)) {
                throw new TrainerException(Reason.InvalidSpec, field + ": \"" + text + "\" " + complaint);
            }
        }
    }

    private Numbers() {}

    /**
     * Those of spec.training.
     *
     * @throws TrainerException InvalidSpec, with the field of one that is none
     */
    static void require(TrainingSpec training) {
        String at = "spec.training.";
        Kind.DECIMAL.require(at + "learningRate", training.learningRate());
        Kind.DECIMAL.require(at + "weightDecay", training.weightDecay());
        Kind.DECIMAL.require(at + "maxGradientNorm", training.maxGradientNorm());
        Kind.SHARE.require(at + "schedule.warmupRatio", training.schedule().warmupRatio());
        PartLearningRates rates = training.partLearningRates();
        Kind.DECIMAL.require(at + "partLearningRates.visionTower", rates.visionTower());
        Kind.DECIMAL.require(at + "partLearningRates.projector", rates.projector());
        Kind.DECIMAL.require(at + "partLearningRates.languageModel", rates.languageModel());
        LayerDecaySpec decay = training.layerDecay();
        Kind.FACTOR.require(at + "layerDecay.visionTower", decay.visionTower());
        Kind.FACTOR.require(at + "layerDecay.languageModel", decay.languageModel());
        OnPlateauSpec onPlateau = training.onPlateau();
        if (onPlateau != null) {
            Kind.FACTOR.require(at + "onPlateau.factor", onPlateau.factor());
            Kind.DECIMAL.require(at + "onPlateau.minDelta", onPlateau.minDelta());
        }
    }

    /**
     * Those of spec.freeze.
     *
     * @throws TrainerException InvalidSpec, with the field of one that is none
     */
    static void require(FreezeSpec freeze) {
        require("spec.freeze", freeze.rules());
        for (int i = 0; i < freeze.phases().size(); i++) {
            PhaseSpec phase = freeze.phases().get(i);
            String at = "spec.freeze.phases[" + i + "]";
            require(at, phase.rules());
            require(at + ".until", phase.until());
        }
        ProgressiveSpec progressive = freeze.progressive();
        require("spec.freeze.progressive.every", progressive == null ? null : progressive.every());
    }

    private static void require(String at, List<FreezeRule> rules) {
        for (int i = 0; i < rules.size(); i++) {
            Kind.DECIMAL.require(
                    at + ".rules[" + i + "].learningRate", rules.get(i).learningRate());
        }
    }

    private static void require(String at, @Nullable PhaseEnd end) {
        if (end != null && end.plateau() != null) {
            Kind.DECIMAL.require(at + ".plateau.minDelta", end.plateau().minDelta());
        }
    }
}
