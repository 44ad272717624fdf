#include "bt.h"

#include "../common/adi_rhs.inc"
