using Lodestone.Engine.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Lodestone.Engine;

/// <summary>The process's life: listen, load, serve, end.</summary>
internal static class Worker
{
    private const int MaxSocketPath = 107;
    private const long MaxBody = 64L << 20;

    // What streams may take to end after the worker is told to stop.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <exception cref="EngineFault">The model cannot be served, or the engine failed.</exception>
    public static async Task Run(EngineOptions options)
    {
        // Loading runs beside the server's start: on two cores neither waits for the other, and /health answers meanwhile.
        var loading = Task.Run(() => ServedModel.Load(options, TimeProvider.System));
        var api = new EngineApi(options, TimeProvider.System);
        await using var app = Build(options);
        api.Map(app);
        await StartAsync(app, options);
        using var served = await loading;
        api.Serve(served);
        await Task.WhenAny(app.WaitForShutdownAsync(), served.Loop.Ended, ParentProcess.Gone(options.ParentPid));
        if (served.Loop.Ended.IsFaulted)
        {
            await served.Loop.Ended;
        }

        await app.StopAsync();
    }

    private static WebApplication Build(EngineOptions options)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(options.Socket) > MaxSocketPath)
        {
            throw new EngineFault($"The socket's path is longer than {MaxSocketPath} bytes: {options.Socket}", ExitCode.Usage);
        }

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Grace);
        // Who writes a chunk also sends it: the courier's thread serves all connections of a step without waking another.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBody;
            kestrel.Limits.MinResponseDataRate = null; // a reader may pause as long as it likes: its steps are few
            kestrel.ListenUnixSocket(options.Socket, listen => listen.Protocols = HttpProtocols.Http1);
        });
        return builder.Build();
    }

    private static async Task StartAsync(WebApplication app, EngineOptions options)
    {
        try
        {
            File.Delete(options.Socket); // left by a worker that was killed
            await app.StartAsync();
            RestrictToOwner(options.Socket);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineFault($"Cannot listen on {options.Socket}: {e.Message}", ExitCode.Usage);
        }
    }

    // Whoever may write to the socket may use the model, unmetered.
    private static void RestrictToOwner(string socket)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }
}
