/** Tests. */
@NullMarked
package io.vlfinetune.cli.resource;

import org.jspecify.annotations.NullMarked;
