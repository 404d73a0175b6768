package io.vlfinetune.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vlfinetune.cli.resource.ResourceDocument;
import io.vlfinetune.cli.resource.ResourceException;
import io.vlfinetune.cli.resource.ResourceFile;
import io.vlfinetune.cli.resource.ResourceValidator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads and validates the files of a command line as one set. */
final class Resources {
    private Resources() {}

    /**
     * The resources with defaults filled in.
     *
     * @throws ResourceException with all that is wrong in all files
     */
    static List<ObjectNode> load(List<Path> files) throws ResourceException {
        List<String> problems = new ArrayList<>();
        List<ObjectNode> resources = new ArrayList<>();
        Map<String, String> names = new HashMap<>();
        ResourceValidator validator = ResourceValidator.forRuns();
        for (Path file : files) {
            try {
                for (ResourceDocument document : ResourceFile.read(file)) {
                    ResourceValidator.Result result = validator.create(document.content());
                    result.violations().forEach(violation -> problems.add(document.describe(violation)));
                    resources.add(result.resource());
                    String position = document.position("metadata.name");
                    String other = names.putIfAbsent(document.name(), position);
                    if (other != null) {
                        problems.add(position + ": metadata.name: Duplicate value: \"" + document.name()
                                + "\" is also the name of " + other);
                    }
                }
            } catch (ResourceException e) {
                problems.addAll(e.problems());
            }
        }
        if (!problems.isEmpty()) {
            throw new ResourceException(problems);
        }
        return resources;
    }
}
