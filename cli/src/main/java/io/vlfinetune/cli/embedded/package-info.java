/** A control plane inside one process: mock API server, the real operator, and this machine as the only node. */
@NullMarked
package io.vlfinetune.cli.embedded;

import org.jspecify.annotations.NullMarked;
