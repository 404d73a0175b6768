/** The {@code vlft} command line, one class a command. */
@NullMarked
package io.vlfinetune.cli;

import org.jspecify.annotations.NullMarked;
