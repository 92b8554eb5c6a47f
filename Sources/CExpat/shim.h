/* expat.h shows the limits of entities only with this; Debian's library is built with it. */
#ifndef XML_DTD
#define XML_DTD 1
#endif
#include <expat.h>
