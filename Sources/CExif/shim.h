#include <libexif/exif-data.h>

/* Reads EXIF data as it stands: libexif's own defaults leave out tags that it does not know and correct others. */
static inline ExifData *exhibit_exif_load(const unsigned char *bytes, unsigned int count) {
  ExifData *data = exif_data_new();
  if (!data) return 0;
  exif_data_unset_option(data, EXIF_DATA_OPTION_IGNORE_UNKNOWN_TAGS);
  exif_data_unset_option(data, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
  exif_data_set_option(data, EXIF_DATA_OPTION_DONT_CHANGE_MAKER_NOTE);
  exif_data_load_data(data, bytes, count);
  return data;
}

/* The number of tags of a directory, and one of them; null where there is none. */
static inline unsigned int exhibit_exif_count(ExifData *data, int directory) {
  ExifContent *content = directory >= 0 && directory < EXIF_IFD_COUNT ? data->ifd[directory] : 0;
  return content ? content->count : 0;
}
static inline ExifEntry *exhibit_exif_entry(ExifData *data, int directory, unsigned int place) {
  return place < exhibit_exif_count(data, directory) ? data->ifd[directory]->entries[place] : 0;
}
static inline const char *exhibit_exif_name(ExifEntry *entry, int directory) {
  return exif_tag_get_name_in_ifd(entry->tag, (ExifIfd)directory);
}
