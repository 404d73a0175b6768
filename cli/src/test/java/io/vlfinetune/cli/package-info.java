/** Tests. */
@NullMarked
package io.vlfinetune.cli;

import org.jspecify.annotations.NullMarked;
