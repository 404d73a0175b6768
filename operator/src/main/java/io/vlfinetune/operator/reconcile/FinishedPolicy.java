package io.vlfinetune.operator.reconcile;

import io.vlfinetune.api.ConditionType;
import io.vlfinetune.operator.conditions.Conditions;
import java.util.List;
import java.util.Optional;

/** A run that ended stays as it is; a failed one until its spec changes. */
final class FinishedPolicy implements Policy {
    @Override
    public Optional<Decision> decide(Situation situation) {
        boolean succeeded = Conditions.isTrue(situation.before().conditions(), ConditionType.Succeeded);
        boolean failed = Conditions.isTrue(situation.before().conditions(), ConditionType.Failed)
                && !situation.changedAfterFailure();
        return succeeded || failed ? Optional.of(Decision.quiet(List.of(), null)) : Optional.empty();
    }
}
