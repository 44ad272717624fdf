#include "sp.h"

#include "../common/adi_rhs.inc"
