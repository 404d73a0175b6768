/** Resources as users write them: YAML files, and validation by the generated CRD as a server would do it. */
@NullMarked
package io.vlfinetune.cli.resource;

import org.jspecify.annotations.NullMarked;
