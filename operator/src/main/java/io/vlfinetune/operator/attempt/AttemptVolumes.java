package io.vlfinetune.operator.attempt;

import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import io.vlfinetune.api.ScratchSpec;
import io.vlfinetune.api.kubernetes.VLFineTune;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a trainer's pod sees: {@code run.json}, scratch, its claims, {@code /tmp}, the Secrets that its run names, and,
 * where trainers have one, the token for the progress object.
 *
 * @param volumes volumes of the pod
 * @param mounts mounts of the trainer's container
 */
record AttemptVolumes(List<Volume> volumes, List<VolumeMount> mounts) {
    static final String ROOT = "/var/lib/vlfinetune";
    private static final String RUN_FOLDER = "/etc/vlfinetune";
    private static final String SECRETS_FOLDER = RUN_FOLDER + "/secrets";
    private static final String TOKEN_FOLDER = "/var/run/secrets/vlfinetune";
    private static final long TOKEN_SECONDS = 3600;
    private static final int OWNER_AND_GROUP_READ = 0440;

    static AttemptVolumes of(VLFineTune run, int firstAttempt, boolean token) {
        AttemptVolumes result = new AttemptVolumes(new ArrayList<>(), new ArrayList<>());
        result.runJson();
        result.scratch(run, firstAttempt);
        result.claims(ClaimSource.claims(run.getSpec()));
        result.volumes.add(new VolumeBuilder()
                .withName("tmp")
                .withNewEmptyDir()
                .endEmptyDir()
                .build());
        result.mounts.add(mount("tmp", "/tmp", false));
        result.secret("model", run.getSpec().model().secretName());
        result.secret("output", run.getSpec().output().secretName());
        if (token) {
            result.token();
        }
        return result;
    }

    private void runJson() {
        volumes.add(new VolumeBuilder()
                .withName("run")
                .withNewDownwardAPI()
                .addNewItem()
                .withPath("run.json")
                .withNewFieldRef()
                .withFieldPath("metadata.annotations['" + Children.RUN_JSON + "']")
                .endFieldRef()
                .endItem()
                .endDownwardAPI()
                .build());
        mounts.add(mount("run", RUN_FOLDER, true));
    }

    /** A claim gets a folder for each run and series: claims may be shared, and a new series must not resume an old one. */
    private void scratch(VLFineTune run, int firstAttempt) {
        ScratchSpec scratch = run.getSpec().resources().scratch();
        if (scratch == null) {
            volumes.add(new VolumeBuilder()
                    .withName("scratch")
                    .withNewEmptyDir()
                    .endEmptyDir()
                    .build());
            mounts.add(mount("scratch", ROOT + "/scratch", false));
            return;
        }
        String claim = scratch.claimName() == null ? Children.scratchName(run) : scratch.claimName();
        volumes.add(new VolumeBuilder()
                .withName("scratch")
                .withNewPersistentVolumeClaim()
                .withClaimName(claim)
                .endPersistentVolumeClaim()
                .build());
        mounts.add(new VolumeMountBuilder(mount("scratch", ROOT + "/scratch", false))
                .withSubPath(run.getMetadata().getName() + "/" + firstAttempt)
                .build());
    }

    private void claims(Map<String, Boolean> claims) {
        int index = 0;
        for (Map.Entry<String, Boolean> claim : claims.entrySet()) {
            String name = "claim-" + index++;
            volumes.add(new VolumeBuilder()
                    .withName(name)
                    .withNewPersistentVolumeClaim()
                    .withClaimName(claim.getKey())
                    .withReadOnly(claim.getValue() ? true : null)
                    .endPersistentVolumeClaim()
                    .build());
            mounts.add(mount(name, ROOT + "/claims/" + claim.getKey(), claim.getValue()));
        }
    }

    /** Each key of a Secret as a file, for the trainer's user alone; the operator itself never reads one. */
    private void secret(String use, @Nullable String secret) {
        if (secret == null) {
            return;
        }
        String name = "secret-" + use;
        volumes.add(new VolumeBuilder()
                .withName(name)
                .withNewSecret()
                .withSecretName(secret)
                .withDefaultMode(OWNER_AND_GROUP_READ)
                .endSecret()
                .build());
        mounts.add(mount(name, SECRETS_FOLDER + "/" + use, true));
    }

    private void token() {
        volumes.add(new VolumeBuilder()
                .withName("token")
                .withNewProjected()
                .withDefaultMode(OWNER_AND_GROUP_READ)
                .addNewSource()
                .withNewServiceAccountToken()
                .withPath("token")
                .withExpirationSeconds(TOKEN_SECONDS)
                .endServiceAccountToken()
                .endSource()
                .addNewSource()
                .withNewConfigMap()
                .withName("kube-root-ca.crt")
                .addNewItem()
                .withKey("ca.crt")
                .withPath("ca.crt")
                .endItem()
                .endConfigMap()
                .endSource()
                .endProjected()
                .build());
        mounts.add(mount("token", TOKEN_FOLDER, true));
    }

    private static VolumeMount mount(String name, String path, boolean readOnly) {
        return new VolumeMountBuilder()
                .withName(name)
                .withMountPath(path)
                .withReadOnly(readOnly ? true : null)
                .build();
    }
}
