#include "bt.h"

#include "../common/adi_setup.inc"
