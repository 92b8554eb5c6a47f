"""A GStreamer RTSP server on 192.0.2.20: H.264 and G.711 under /both."""
import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer

Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("192.0.2.20")
server.set_service("8554")
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=128,height=96,framerate=10/1"
    " ! x264enc tune=zerolatency key-int-max=10 bitrate=64 ! rtph264pay name=pay0 pt=96"
    " audiotestsrc is-live=true freq=440 ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0 )"
)
server.get_mount_points().add_factory("/both", factory)
server.attach(None)
GLib.MainLoop().run()
