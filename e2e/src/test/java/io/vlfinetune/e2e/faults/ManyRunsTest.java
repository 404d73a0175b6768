package io.vlfinetune.e2e.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.vlfinetune.api.Phase;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Many runs at once. JOSDK looks at each resource every ten hours by itself, so that within a test an event that is lost
 * is lost for good: whatever ends here was told once and not missed.
 */
@ExtendWith(OnGround.class)
class ManyRunsTest {
    private static final List<String> WISHES = List.of("fine", "fine", "exit-11", "once-exit-30", "preempted");
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final long QUIET_MILLIS = 1_000;
    /** Claim, progress, Job, five statuses, two events; twice the middle of it where a run is tried again. */
    private static final int WRITES_PER_RUN = 20;

    @Test
    void givenManyRunsThenEachReachesItsEndWithoutALookAtTheClock(Ground ground) {
        int count = Boolean.getBoolean("faults.full") ? 1_000 : 200;
        Traffic traffic = Traffic.undisturbed();
        String namespace = ground.namespace();
        try (Lives operator = ground.operator(namespace, traffic, null)) {
            List<User> users = create(ground, namespace, count, WISHES);

            User.await("end of all " + count, PATIENCE, () -> finished(users));

            assertThat(traffic.writes()).hasSizeLessThan(count * WRITES_PER_RUN);
            assertThat(operator.count()).isEqualTo(1);
            assertEndings(users, WISHES);
        }
    }

    @Test
    void givenAnOperatorThatIsKilledWhileFiftyRunsAreLiveThenAllFinishAndNothingRunsTwice(Ground ground) {
        int count = 50;
        Traffic traffic = Traffic.undisturbed();
        String namespace = ground.namespace();
        try (Lives operator = ground.operator(namespace, traffic, null)) {
            List<User> users = create(ground, namespace, count, List.of("held"));
            User.await(
                    "50 at work",
                    PATIENCE,
                    () -> users.stream()
                            .allMatch(user -> user.record().phase() == Phase.Running
                                    && RunRecord.percent(user.record().status()) == 30));

            users.subList(0, count / 2).forEach(user -> user.record().release());
            operator.kill();
            users.subList(count / 2, count).forEach(user -> user.record().release());

            User.await("end of all", PATIENCE, () -> finished(users));
            assertThat(operator.count()).isEqualTo(2);
            assertThat(users).allSatisfy(user -> {
                assertThat(user.record().phase()).isEqualTo(Phase.Succeeded);
                assertThat(user.record().trainersEver()).isEqualTo(1);
                assertThat(user.record().violations()).isEmpty();
            });
        }
    }

    @Test
    void givenTwoOperatorsAtOnceForAThousandStepsThenTheyDoNotPlayPingPong(Ground ground) {
        int count = 40;
        Traffic one = Traffic.undisturbed();
        Traffic other = Traffic.undisturbed();
        String namespace = ground.namespace();
        try (Lives first = ground.operator(namespace, one, null);
                Lives second = ground.operator(namespace, other, null)) {
            List<User> users = create(ground, namespace, count, WISHES);

            User.await("end of all", PATIENCE, () -> finished(users));
            User.await("quiet", PATIENCE, () -> one.quietMillis() > QUIET_MILLIS && other.quietMillis() > QUIET_MILLIS);

            assertThat(one.events().size() + other.events().size()).as("steps").isGreaterThan(1_000);
            assertThat(one.writes().size() + other.writes().size()).isLessThan(2 * count * WRITES_PER_RUN);
            assertThat(first.count() + second.count()).isEqualTo(2);
            assertEndings(users, WISHES);
        }
    }

    private static List<User> create(Ground ground, String namespace, int count, List<String> wishes) {
        return IntStream.range(0, count)
                .mapToObj(index -> {
                    User user = ground.user(namespace, "run-" + index);
                    user.create(wishes.get(index % wishes.size()));
                    return user;
                })
                .toList();
    }

    private static boolean finished(List<User> users) {
        return users.stream().allMatch(user -> RunRecord.finished(user.record().status()));
    }

    private static void assertEndings(List<User> users, List<String> wishes) {
        for (int index = 0; index < users.size(); index++) {
            RunRecord record = users.get(index).record();
            String wish = wishes.get(index % wishes.size());
            assertThat(record.violations()).as(record.story().toString()).isEmpty();
            assertThat(record.phase()).isEqualTo(wish.equals("exit-11") ? Phase.Failed : Phase.Succeeded);
            assertThat(record.status().attempt()).isEqualTo(wish.equals("once-exit-30") ? 2 : 1);
        }
    }
}
