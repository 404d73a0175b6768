@NullMarked
package io.vlfinetune.api.kubernetes;

import org.jspecify.annotations.NullMarked;
