#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/cpu.h>
#include <libavutil/display.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libavutil/tx.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

// Macros that Swift cannot read.
static const int exhibit_av_end_of_file = AVERROR_EOF;
static const int exhibit_av_refused = AVERROR(EPERM);
static const int exhibit_av_exit = AVERROR_EXIT;
static const int exhibit_av_unreadable = AVERROR(EIO);
