/** Tests. */
@NullMarked
package io.vlfinetune.cli.embedded;

import org.jspecify.annotations.NullMarked;
