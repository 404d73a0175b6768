/** The resources as Fabric8 sees them; the only package of this module that needs Fabric8 at run time. */
@NullMarked
package io.vlfinetune.api.kubernetes;

import org.jspecify.annotations.NullMarked;
