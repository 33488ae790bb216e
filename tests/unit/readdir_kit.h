/*
 * readdir_kit.h - readdir(3) that fails, as it does on a failing disk.
 *
 *	readdir_fails_at(2);		the second call from here on fails with EIO; 0: none does
 *	readdir_pause(); ...		calls that do not count
 *	readdir_resume(); ...
 *	cr_expect(readdir_failed());	there was one
 */
#ifndef TESTS_UNIT_READDIR_KIT_H
#define TESTS_UNIT_READDIR_KIT_H

#include <stdbool.h>
#include <stddef.h>

void readdir_fails_at(size_t n);
void readdir_pause(void);
void readdir_resume(void);
bool readdir_failed(void);

#endif
