/*
 * logfile.h - is a file that the product wrote a log? Pure, over what was observed of it.
 */
#ifndef CHECKS_LOGFILE_H
#define CHECKS_LOGFILE_H

#include "checks/observation.h"

enum logfile_kind {
	LOGFILE_NOT,
	LOGFILE_RECORD, /* kept for a purpose of its own: wtmp, a database's journal, a pid file */
	LOGFILE_EMPTY, /* named like a log, and nothing in it */
	LOGFILE_DATA, /* lines with times in a file whose name says data: csv, json, sql */
	LOGFILE_LOG,
};

/* *ret_by_name: its name is a log's; else, when the kind says so, its lines are. */
enum logfile_kind logfile_kind(const struct obs_file *file, bool *ret_by_name);

#endif
