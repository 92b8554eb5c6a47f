#include <fuzzy.h>
