#include "sp.h"

#include "../common/adi_setup.inc"
