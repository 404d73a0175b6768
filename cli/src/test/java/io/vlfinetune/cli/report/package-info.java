@NullMarked
package io.vlfinetune.cli.report;

import org.jspecify.annotations.NullMarked;
