/*
 * secret_config.h - secrets in the image's config: Env values, labels, build arguments and commands
 * that history tells. Belongs to baked-in-secrets.
 */
#ifndef CHECKS_SECRET_CONFIG_H
#define CHECKS_SECRET_CONFIG_H

#include "checks/check.h"

void secret_config_check(const struct image_config *config, struct outcome *out);

#endif
