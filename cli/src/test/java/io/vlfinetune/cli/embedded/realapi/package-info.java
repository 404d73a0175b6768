@NullMarked
package io.vlfinetune.cli.embedded.realapi;

import org.jspecify.annotations.NullMarked;
